"""Plain sheets and supplier lists, one article per row, recognised by synonyms in the languages suppliers write in.
Better names stand first. Net prices and tax are known by name so that they are never taken for the price.
"""

from app.integrations.feeds.headers import normalised
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.one_row import OneRowMapper

_SYNONYMS = {
    "id": """id | external id | item id | product id | produkt id | produktid | id produit | id prodotto |
        artikel id""",
    "group_id": "group id | item group id | parent id | parent sku | master sku | vaterartikel | itemgroup id",
    "sku": """sku | artikelnummer | art nr | artnr | artikel nr | artikelnr | artikel nummer | bestellnummer |
        bestell nr | best nr | item number | item no | item sku | product code | article number | part number |
        codice articolo | codice | cod articolo | référence | reference | ref | réf | referencia | código |
        codigo | kód | kod | produktnummer | varenummer | artikelkod | indeks""",
    "title": """title | name | product name | product title | produktname | artikelname | artikelbezeichnung |
        produktbezeichnung | bezeichnung | produkttitel | titel | kurzbezeichnung | kurzbez | kurztext |
        bezeichnung 1 | titolo | nome prodotto | nome articolo | nome | désignation | designation | libellé |
        nom du produit | nom | titre | nombre | nombre del producto | título | naam | productnaam | název | nazwa |
        item name | denominazione | denominación""",
    "description": """description | description html | body | body html | long description | product
        description | beschreibung | produktbeschreibung | artikelbeschreibung | langtext | langbeschreibung |
        descrizione | description longue | descripción | descripcion | omschrijving | popis | opis""",
    "short_description": """short description | kurzbeschreibung | descrizione breve | description courte |
        teaser | descripción corta""",
    "brand": """brand | marke | hersteller | manufacturer | vendor | herstellername | marca | marque |
        fabricant | produttore | fabricante | merk | výrobce | producent | maker""",
    "gtin": """gtin | ean | ean13 | ean 13 | ean code | eancode | gtin13 | gtin 13 | barcode | ean nr | ean
        nummer | ean gtin | gtin ean | upc | upc code | isbn | strichcode | codice ean | codice a barre | code
        barre | code barres | código de barras | codigo de barras | ean13 code""",
    "mpn": "mpn | manufacturer part number | herstellernummer | hersteller nr | hersteller artikelnummer",
    "price": """price | brutto vk | vk brutto | bruttopreis | brutto preis | preis brutto | verkaufspreis
        brutto | selling price | unit price | price incl vat | price inc vat | gross price | verkaufspreis | vk
        preis | vkpreis | vk | endkundenpreis | endpreis | ladenpreis | preis | prix ttc | prix de vente |
        prezzo ivato | prezzo di vendita | precio con iva | precio venta | precio de venta | prix | prezzo |
        precio | prijs | verkoopprijs | cena s dph | cena | pris | regular price | price gross | pvp iva incl""",
    "sale_price": """sale price | special price | aktionspreis | angebotspreis | sonderpreis | promo price |
        prix promo | prezzo scontato | precio rebajado | precio oferta""",
    "compare_at_price": """compare at price | compare at | uvp | uvp brutto | unverbindliche preisempfehlung |
        uvpe | rrp | msrp | srp | list price | listenpreis | streichpreis | statt preis | alter preis | old
        price | was price | listino | prezzo di listino | pvp | prix public | prix conseillé | prix barré |
        adviesprijs""",
    "cost": """cost | cost price | cost per item | ek | ek preis | ekpreis | ek netto | einkaufspreis |
        einkaufspreis netto | einkauf | händlerpreis | händler ek | purchase price | wholesale price | wholesale
        | dealer price | buying price | prezzo di acquisto | prezzo acquisto | costo | prix d achat | prix achat
        | coste | precio de coste | inkoopprijs | nákupní cena""",
    "currency": """currency | currency code | währung | waehrung | valuta | devise | moneda | divisa | měna |
        waluta""",
    "stock": """stock | quantity | qty | stock quantity | stock qty | inventory | inventory quantity | on hand
        | bestand | lagerbestand | lagermenge | menge verfügbar | verfügbare menge | verfügbarer bestand | auf
        lager | lager | anzahl | menge | giacenza | quantità | disponibilità | quantité | quantité en stock |
        existencias | cantidad | voorraad | sklad | stan magazynowy""",
    "availability": """availability | availability status | available | in stock |
        is in stock | verfügbarkeit | lieferbar | lieferstatus |
        lagerstatus | stock status | disponibilité | disponibilidad | disponible""",
    "status": "status | published | active | aktiv | produktstatus | veröffentlicht | online",
    "category": """category | categories | category path | kategorie | kategorien | warengruppe | produktgruppe
        | produktkategorie | artikelgruppe | hauptkategorie | categoria | catégorie | categorie | categoría |
        famille | famiglia | familia | product type | product category | produkttyp | gruppe""",
    "subcategory": """subcategory | sub category | unterkategorie | warenuntergruppe | untergruppe |
        sottocategoria | sous catégorie | subcategoría | subcategoria""",
    "tags": """tags | keywords | schlagwörter | schlagworte | suchbegriffe | stichworte | mots clés | etiquetas
        | parole chiave""",
    "url": """url | link | permalink | product url | product link | produktlink | produkt url | deeplink | deep link |
        produkturl | webseite | lien | enlace | page url""",
    "image": """image | image url | image link | picture | picture url | photo | main image | images | image 1
        | image1 | image src | bild | bilder | bild url | bildurl | bild 1 | bild1 | produktbild | hauptbild |
        artikelbild | bildlink | immagine | immagini | url immagine | imagen | imágenes | url image | afbeelding
        | obrázek | foto | foto 1""",
    "more_images": """more images | additional images | additional image link | additional image urls | weitere
        bilder""",
    "image_alt": "image alt | image alt text | alt text | bildbeschreibung",
    "weight": """weight | weight g | weight grams | weight kg | weight in g | weight in kg | grams | gewicht |
        gewicht g | gewicht kg | gewicht in g | gewicht in kg | versandgewicht | peso | peso g | peso kg | poids
        | poids g | poids kg | weight lbs | weight oz | shipping weight""",
    "weight_unit": "weight unit | gewichtseinheit | unità peso",
    "color": "color | colour | farbe | colore | couleur",
    "size": "size | größe | groesse | taglia | taille | talla",
    "material": "material | materiale | matière",
    "condition": "condition | zustand",
    "net_price": """netto vk | vk netto | nettopreis | netto preis | preis netto | verkaufspreis netto | net
        price | price net | price excl vat | price ex vat | price ex tax | prix ht | prezzo netto | precio sin
        iva | precio neto | cena bez dph | cena netto | uvp netto | netto | prezzi netto""",
    "vat": """vat | vat rate | tax | tax rate | mwst | mwst satz | ust | ust satz | steuersatz | steuersatz in
        | steuer | iva | aliquota iva | tva | taux tva | dph""",
}
_NUMBERED_IMAGES = (
    "image {}",
    "bild {}",
    "image url {}",
    "bild url {}",
    "immagine {}",
    "imagen {}",
    "foto {}",
    "image{}",
    "bild{}",
)
_NAMES = {
    name: field for field, names in _SYNONYMS.items() for synonym in names.split("|") if (name := normalised(synonym))
}
_NAMES |= {f"option{number} {part}": f"option{number}_{part}" for number in (1, 2, 3) for part in ("name", "value")}
_NAMES |= {word.format(number): "more_images" for word in _NUMBERED_IMAGES for number in range(2, 11)}

# Words that are a consumer price in one list and a dealer's net price in the next.
_GUESSES = frozenset(
    {"vk", "preis", "prezzo", "precio", "prix", "cena", "lager", "anzahl", "menge", "codice", "gruppe"}
)

LAYOUT = Layout(
    "sheet",
    _NAMES,
    lambda _names: True,
    lambda context, _rows: OneRowMapper(context),
    guesses=_GUESSES,
    is_exact=False,
)
