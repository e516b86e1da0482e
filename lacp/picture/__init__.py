"""What is known of a LAG, whoever made it, and what that means. Pure: it only looks."""
