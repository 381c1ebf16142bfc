"""Ratings: metrics, arithmetic, receipts, collecting."""
