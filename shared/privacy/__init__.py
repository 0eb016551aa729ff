"""What every service owes the people it holds data of: to say it, hand it over, let it go."""
