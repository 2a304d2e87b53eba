"""What a run found, confirmed, and what is known of it beside: who answers for it, and since when it is there."""
