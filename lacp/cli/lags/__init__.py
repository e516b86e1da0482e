"""LAGs in text: heading, tables, and all there is to know of one."""
