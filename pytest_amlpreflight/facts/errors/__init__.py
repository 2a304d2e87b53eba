"""What an error says: Azure's envelopes, the grammar of a sentence, and what is meant by both."""
