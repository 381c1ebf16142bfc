"""The protocol of Hugging Face clients, under `/hf`."""
