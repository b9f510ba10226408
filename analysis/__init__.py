"""The JSON analysis engine: queries about many positions in, reports out, in KataGo's protocol."""
