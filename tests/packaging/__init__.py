"""What is published: the wheel, the sdist, and the version that all of it agrees on."""
