"""Fragments of one product make one product, whoever puts them together."""

from app.integrations.contracts.catalogue import SourceImage, SourceProduct, SourceVariant, merged_fragments


def fragment(line: int, **said: object) -> SourceProduct:
    return SourceProduct("p", line, fragment=True, **said)  # type: ignore[arg-type]


def test_what_the_first_says_wins_and_what_it_leaves_open_is_filled() -> None:
    merged = merged_fragments([fragment(5), fragment(7, title="Chair", brand="Oslo"), fragment(9, title="Table")])

    assert (merged.external_id, merged.line, merged.title, merged.brand) == ("p", 5, "Chair", "Oslo")


def test_variants_pictures_and_option_names_add_up() -> None:
    red = SourceVariant("v1", 5, options={"Color": "Red"})
    small = SourceVariant("v2", 6, options={"Size": "S"})

    merged = merged_fragments(
        [
            fragment(5, variants=(red,), options=("Color",), images=(SourceImage("a", "first"),)),
            fragment(6, variants=(small,), options=("Size", "Color"), images=(SourceImage("b"), SourceImage("a"))),
        ]
    )

    assert merged.variants == (red, small)
    assert merged.options == ("Color", "Size")
    assert merged.images == (SourceImage("a", "first"), SourceImage("b"))


def test_a_single_fragment_is_itself() -> None:
    only = fragment(5, title="Chair")

    assert merged_fragments([only]) is only
