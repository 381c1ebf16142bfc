"""What the services need from the outside, as protocols. One method is one atomic unit."""
