"""The door to other managers of links: what they hold, by their own word, and what makes them let go of it."""
