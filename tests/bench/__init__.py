"""The measurements themselves: that they run and compute what they say. Nothing here is timed."""
