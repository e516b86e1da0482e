"""What may be changed while a team runs, what it means, and how it is done."""
