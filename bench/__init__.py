"""Measurements of the product against bare baselines that do the same work, and the chaos run; nothing here is
imported by the product.
"""
