"""Forms of verse: what a poem must keep, told of finished ones and demanded of those to come."""
