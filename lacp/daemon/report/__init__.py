"""What is told of a team: the picture of its LAG, and its events as documents."""
