"""Where frames come from and go to: real interfaces, or links in memory."""
