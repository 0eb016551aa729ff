"""What is true of measures, goals, lags and unevenness, whatever stores it: pure."""
