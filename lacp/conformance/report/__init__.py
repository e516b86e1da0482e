"""What the judge and the tester found, for people and for programs: JSON, JUnit, text, a page."""
