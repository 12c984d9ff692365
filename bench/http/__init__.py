"""Reading products over HTTP: the list of 50 and the single get, the cost of each layer, and the bare handler."""
