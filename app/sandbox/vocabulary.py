"""The words that invented goods are made of: families, brands, materials, options. Data only; goods.py composes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """A dimension in which the variants of a product differ; each value has the code that its SKU carries."""

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of goods. Prices are whole euros, weights grams; both are ranges from which a product draws."""

    code: str
    category: str
    nouns: tuple[str, ...]
    materials: tuple[str, ...]
    features: tuple[str, ...]
    tags: tuple[str, ...]
    price: tuple[int, int]
    grams: tuple[int, int]
    options: tuple[Option, ...] = ()


BRANDS = (
    "Nordlicht",
    "Fjäll & Co",
    "Atelier Brume",
    "Kessler",
    "Maré Alta",
    "Hollowbrook",
    "Tanuki Goods",
    "Volta",
    'Studio "Eleven"',
    "Pine, Oak & Ash",
    "Lumen",
    "Casa Ribera",
)

STYLES = (
    "Classic",
    "Everyday",
    "Compact",
    "Heritage",
    "Urban",
    "Alpine",
    "Coastal",
    "Minimal",
    "Premium",
    "Signature",
    "Travel",
    "Studio",
    "Essential",
    "Weekend",
)

COLOURS = Option(
    "Color",
    (
        ("Black", "BLK"),
        ("White", "WHT"),
        ("Navy", "NVY"),
        ("Olive", "OLV"),
        ("Sand", "SND"),
        ("Rust", "RST"),
        ("Sky Blue", "SKY"),
    ),
)
SIZES = Option("Size", (("S", "S"), ("M", "M"), ("L", "L"), ("XL", "XL")))
SHOE_SIZES = Option("Size", tuple((str(size), str(size)) for size in range(38, 45)))
STORAGE = Option("Storage", (("64 GB", "64"), ("128 GB", "128"), ("256 GB", "256")))
SCENTS = Option("Scent", (("Cedar", "CED"), ("Fig", "FIG"), ("Sea Salt", "SEA"), ("Crème Brûlée", "CRB")))
PACKS = Option("Pack", (("250 g", "250"), ("500 g", "500"), ("1 kg", "1000")))
FINISHES = Option("Finish", (("Matte", "MAT"), ("Glossy", "GLS"), ("Natural", "NAT")))

FAMILIES = (
    Family(
        code="TSH",
        category="Apparel > Tops > T-Shirts",
        nouns=("T-Shirt", "Henley", "Polo Shirt"),
        materials=("organic cotton", "a linen blend", "merino wool"),
        features=("Pre-shrunk fabric", "Double-stitched seams", "Tagless collar", "Machine wash at 30 °C"),
        tags=("clothing", "summer", "unisex"),
        price=(14, 49),
        grams=(140, 260),
        options=(SIZES, COLOURS),
    ),
    Family(
        code="JKT",
        category="Apparel > Outerwear > Jackets",
        nouns=("Rain Jacket", "Parka", "Bomber Jacket", "Vest"),
        materials=("recycled polyester", "waxed cotton", "ripstop nylon"),
        features=("Taped seams", "Two-way zip", 'Inner pocket for devices up to 7"', "Adjustable hood"),
        tags=("clothing", "outdoor", "winter"),
        price=(69, 289),
        grams=(450, 1200),
        options=(SIZES, COLOURS),
    ),
    Family(
        code="SHO",
        category="Apparel > Shoes > Sneakers",
        nouns=("Sneaker", "Trail Runner", "Slip-On"),
        materials=("full-grain leather", "knitted mesh", "suede"),
        features=("Removable insole", "Non-slip outsole", "Resoleable", "Reflective heel"),
        tags=("shoes", "running"),
        price=(59, 179),
        grams=(520, 980),
        options=(SHOE_SIZES,),
    ),
    Family(
        code="TAB",
        category="Electronics > Tablets",
        nouns=("Tablet", "E-Reader", "Note Pad"),
        materials=("anodised aluminium", "recycled plastic"),
        features=("USB-C & fast charging", '10.1" display', "12 h battery life", "2 year warranty"),
        tags=("electronics", "mobile"),
        price=(129, 649),
        grams=(280, 610),
        options=(STORAGE, COLOURS),
    ),
    Family(
        code="AUD",
        category="Electronics > Audio > Headphones",
        nouns=("Headphones", "Earbuds", "Speaker"),
        materials=("soft-touch polymer", "aluminium and fabric"),
        features=("Bluetooth 5.4", "Noise < 35 dB", "Up to 30 h of playback", "Splash-proof (IPX4)"),
        tags=("electronics", "audio", "gift"),
        price=(29, 349),
        grams=(60, 900),
        options=(COLOURS,),
    ),
    Family(
        code="CHG",
        category="Electronics > Accessories > Chargers",
        nouns=("Wall Charger", "Power Bank", "Charging Stand"),
        materials=("flame-retardant polycarbonate",),
        features=("65 W output", "Two ports, one cable", "CE & RoHS tested"),
        tags=("electronics", "accessories"),
        price=(15, 89),
        grams=(90, 420),
    ),
    Family(
        code="MUG",
        category="Home > Kitchen > Cups",
        nouns=("Mug", "Espresso Cup", "Tumbler"),
        materials=("stoneware", "double-walled steel", "borosilicate glass"),
        features=("Dishwasher safe", "Holds 350 ml", "Hand-glazed: every piece differs"),
        tags=("home", "kitchen", "gift"),
        price=(9, 39),
        grams=(220, 520),
        options=(COLOURS,),
    ),
    Family(
        code="LMP",
        category="Home > Lighting > Table Lamps",
        nouns=("Table Lamp", "Desk Lamp", "Lantern"),
        materials=("powder-coated steel", "oiled oak", "blown glass"),
        features=("E27 socket", "Dimmable", "Cable of 1.8 m", "Bulb not included"),
        tags=("home", "lighting"),
        price=(35, 219),
        grams=(900, 3200),
        options=(FINISHES,),
    ),
    Family(
        code="CND",
        category="Home > Decor > Candles",
        nouns=("Scented Candle", "Pillar Candle"),
        materials=("soy wax", "beeswax"),
        features=("Burns for 45 hours", "Lead-free wick", "Refillable jar"),
        tags=("home", "decor", "gift"),
        price=(12, 45),
        grams=(180, 640),
        options=(SCENTS,),
    ),
    Family(
        code="COF",
        category="Food > Coffee > Whole Bean",
        nouns=("Coffee Beans", "Espresso Roast", "Filter Roast"),
        materials=("single-origin arabica", "an arabica & robusta blend"),
        features=("Roasted weekly", "Resealable bag", "Notes of cocoa, plum and hazelnut"),
        tags=("food", "coffee"),
        price=(8, 42),
        grams=(260, 1050),
        options=(PACKS,),
    ),
    Family(
        code="BAG",
        category="Accessories > Bags > Backpacks",
        nouns=("Backpack", "Tote", "Messenger Bag"),
        materials=("recycled canvas", "vegetable-tanned leather", "cordura"),
        features=('Fits a 15" laptop', "Water-repellent base", "Lifetime repair service"),
        tags=("accessories", "travel", "unisex"),
        price=(39, 259),
        grams=(380, 1500),
        options=(COLOURS,),
    ),
    Family(
        code="TOY",
        category="Toys > Wooden Toys",
        nouns=("Building Blocks", "Pull-Along Dog", "Train Set", "Puzzle"),
        materials=("beech wood", "FSC-certified birch"),
        features=("Water-based colours", "For children aged 3 and up", "Tested to EN 71"),
        tags=("toys", "kids", "gift"),
        price=(11, 79),
        grams=(200, 1800),
    ),
)
