"""The files inside a content: where each begins, how long it is, and its digest."""
