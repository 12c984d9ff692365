"""The version of the API and of the product."""

VERSION = "0.1.0"
