"""What sessions shows."""
