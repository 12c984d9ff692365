"""The seller's catalogue: products with variants, images, options, offers, sources and the category tree.

Composes content with stock (app/inventory) in one transaction; how goods enter in bulk is app/intake.
"""
