"""A tenant's links to vendors: which system, in which environment, with which settings, and whether it answers.

Credentials and OAuth are to come; what is done over a connection lives in the features above.
"""
