"""What happened: the live session, its events and journal, replay, transcripts and scripted experiments."""
