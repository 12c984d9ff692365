"""Looking at a staged import before anything is written: which goods and variants of its source it does not name any
more, and how far prices would move. More than the source allows, and a person is asked. In bounded steps; reads the
catalogue only.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake import withdraw
from app.intake.sources import Limits
from app.queue.models import JsonObject

STEP = 5000
SAMPLES = 10

_NEXT_IDENTITIES = text("""
SELECT max(external_id), count(*) FROM (
  SELECT external_id FROM source_products WHERE source_id = :source AND external_id > :after
  ORDER BY external_id LIMIT :size
) step
""")
_LIVE = """
sp.source_id = :source AND sp.external_id > :after AND sp.external_id <= :upto
  AND p.source_id = :source AND p.deleted_at IS NULL AND p.status <> 'archived'
"""
_COUNT_KNOWN = text(f"""
SELECT count(DISTINCT p.id) FROM source_products sp JOIN products p ON p.id = sp.product_id WHERE {_LIVE}
""")
_FIND_VANISHED = text(f"""
INSERT INTO staged_vanished (job_id, product_id, external_id)
SELECT DISTINCT ON (p.id) :job, p.id, sp.external_id
FROM source_products sp JOIN products p ON p.id = sp.product_id
WHERE {_LIVE} AND NOT 'status' = ANY(p.locked_fields) AND NOT EXISTS (
  SELECT FROM source_products name
  JOIN staged_products named ON named.job_id = :job AND named.external_id = name.external_id
  WHERE name.product_id = p.id AND name.source_id = :source)
ON CONFLICT DO NOTHING
""")
_NEXT_REJECTED = text("""
SELECT max(line), count(*) FROM (
  SELECT line FROM import_rows WHERE job_id = :job AND line > :after AND action = 'rejected' ORDER BY line LIMIT :size
) step
""")
# A rejected row names goods all the same. Which cell names them is the layout's secret, so any cell may.
_SPARE_REJECTED = text("""
WITH cells AS (
  SELECT DISTINCT btrim(cell.value) AS value
  FROM import_rows r, jsonb_each_text(r.raw) AS cell
  WHERE r.job_id = :job AND r.line > :after AND r.line <= :upto AND r.action = 'rejected'
    AND char_length(btrim(cell.value)) BETWEEN 1 AND 500
  UNION
  SELECT external_id FROM import_rows
  WHERE job_id = :job AND line > :after AND line <= :upto AND action = 'rejected' AND external_id IS NOT NULL
), named AS (
  SELECT sp.product_id FROM cells JOIN source_products sp ON sp.source_id = :source AND sp.external_id = cells.value
  UNION
  SELECT v.product_id FROM cells JOIN offers o ON o.source_id = :source AND o.external_id = cells.value
  JOIN variants v ON v.id = o.variant_id
  UNION
  SELECT v.product_id FROM cells JOIN variants v ON lower(v.sku) = lower(cells.value) AND v.deleted_at IS NULL
  WHERE v.sku IS NOT NULL
  UNION
  SELECT v.product_id FROM cells JOIN variants v ON lpad(v.gtin, 14, '0') = lpad(cells.value, 14, '0')
  WHERE v.gtin IS NOT NULL AND v.deleted_at IS NULL AND cells.value ~ '^[0-9]{8,14}$'
), kept AS (
  DELETE FROM staged_withdrawn gone USING named WHERE gone.job_id = :job AND gone.product_id = named.product_id
)
DELETE FROM staged_vanished gone USING named WHERE gone.job_id = :job AND gone.product_id = named.product_id
""")
_COUNT_VANISHED = text("SELECT count(*) FROM staged_vanished WHERE job_id = :job")
_SAMPLE_VANISHED = text("""
SELECT g.product_id, g.external_id, p.title FROM staged_vanished g JOIN products p ON p.id = g.product_id
WHERE g.job_id = :job ORDER BY g.product_id LIMIT :size
""")
_NEXT_STAGED = text("""
SELECT max(line), count(*) FROM (
  SELECT line FROM staged_products WHERE job_id = :job AND line > :after ORDER BY line LIMIT :size
) step
""")
# The prices that this source may write, and would change.
_MOVES = """
SELECT known.id AS product_id, mine.sku, known.title, mine.price AS before, v.price AS after, mine.currency,
       CASE WHEN v.currency IS DISTINCT FROM mine.currency THEN 1e9
            WHEN mine.price = 0 THEN CASE WHEN v.price = 0 THEN 0 ELSE 1e9 END
            ELSE abs(v.price - mine.price) / mine.price END AS move
FROM staged_variants v
CROSS JOIN LATERAL (
  SELECT found.* FROM (
    SELECT variant.*, 0 AS rank FROM offers o JOIN variants variant ON variant.id = o.variant_id
    WHERE o.source_id = :source AND o.external_id = v.external_id
    UNION ALL
    SELECT variant.*, 1 FROM variants variant
    WHERE CAST(:own_file AS boolean) AND lower(variant.sku) = lower(v.sku) AND variant.source_id IS NULL
      AND variant.deleted_at IS NULL
  ) found ORDER BY rank LIMIT 1
) mine
JOIN products known ON known.id = mine.product_id
WHERE v.job_id = :job AND v.product_line > :after AND v.product_line <= :upto
  AND v.price IS NOT NULL AND mine.price IS NOT NULL AND known.deleted_at IS NULL AND mine.deleted_at IS NULL
  AND (known.source_id = :source OR known.source_id IS NULL AND CAST(:own_file AS boolean))
  AND NOT 'price' = ANY(known.locked_fields)
"""
_COUNT_MOVES = text(f"""
WITH moves AS MATERIALIZED ({_MOVES})
SELECT count(*), count(*) FILTER (WHERE move > CAST(:far AS numeric)),
  coalesce((SELECT jsonb_agg(to_jsonb(s)) FROM (
    SELECT product_id, sku, title, before::text, after::text, currency, least(move, 1e6) AS move FROM moves
    WHERE move > CAST(:far AS numeric) ORDER BY move DESC, product_id LIMIT :size) s), '[]')
FROM moves
""")


class Findings(TypedDict):
    """What has been found so far, and how far the looking is; part of the import's cursor."""

    phase: Literal["vanished", "offers", "named", "rejected", "prices", "done"]
    after: str
    known: int
    vanished: int
    offered: int
    withdrawn: int
    compared: int
    moved: int
    vanished_samples: list[JsonValue]
    withdrawn_samples: list[JsonValue]
    price_samples: list[JsonValue]


@dataclass(frozen=True, slots=True)
class Looking:
    """Which import is looked at, and what its source allows."""

    job_id: UUID
    source_id: UUID
    own_file: bool
    limits: Limits


def start(*, full: bool) -> Findings:
    """Nothing has been found yet. Only a full import can miss goods."""
    return {
        "phase": "vanished" if full else "prices",
        "after": "" if full else "0",
        "known": 0,
        "vanished": 0,
        "offered": 0,
        "withdrawn": 0,
        "compared": 0,
        "moved": 0,
        "vanished_samples": [],
        "withdrawn_samples": [],
        "price_samples": [],
    }


async def take_step(session: AsyncSession, looking: Looking, found: Findings) -> Findings:
    """Look a bounded step further."""
    if found["phase"] == "vanished":
        return await _find_vanished(session, looking, found)
    if found["phase"] == "offers":
        return await _find_withdrawn(session, looking, found)
    if found["phase"] == "named":
        return await _spare_named(session, looking, found)
    if found["phase"] == "rejected":
        return await _spare_rejected(session, looking, found)
    return await _compare_prices(session, looking, found)


async def _find_vanished(session: AsyncSession, looking: Looking, found: Findings) -> Findings:
    at = {"job": looking.job_id, "source": looking.source_id, "after": found["after"]}
    step = {"source": looking.source_id, "after": found["after"], "size": STEP}
    upto, size = (await session.execute(_NEXT_IDENTITIES, step)).one()
    if not size:
        return {**found, "phase": "offers", "after": ""}
    known = await session.scalar(_COUNT_KNOWN, {"source": looking.source_id, "after": found["after"], "upto": upto})
    await session.execute(_FIND_VANISHED, {**at, "upto": upto})
    return {**found, "after": upto, "known": found["known"] + int(known or 0)}


async def _find_withdrawn(session: AsyncSession, looking: Looking, found: Findings) -> Findings:
    step = {"source": looking.source_id, "after": found["after"], "size": STEP}
    upto, size = (await session.execute(withdraw.NEXT_OFFERS, step)).one()
    if not size:
        is_any = await withdraw.count(session, looking.job_id) > 0
        return {**found, "phase": "named" if is_any else "rejected", "after": "0"}
    offered = await withdraw.find(session, looking.job_id, looking.source_id, found["after"], upto)
    return {**found, "after": upto, "offered": found["offered"] + offered}


async def _spare_named(session: AsyncSession, looking: Looking, found: Findings) -> Findings:
    after = int(found["after"])
    upto, size = (await session.execute(_NEXT_STAGED, {"job": looking.job_id, "after": after, "size": STEP})).one()
    if not size:
        return {**found, "phase": "rejected", "after": "0"}
    await withdraw.spare_named(session, looking.job_id, looking.source_id, after, upto)
    return {**found, "after": str(upto)}


async def _spare_rejected(session: AsyncSession, looking: Looking, found: Findings) -> Findings:
    step = {"job": looking.job_id, "after": int(found["after"])}
    upto, size = (await session.execute(_NEXT_REJECTED, {**step, "size": STEP})).one()
    if size:
        await session.execute(_SPARE_REJECTED, {**step, "source": looking.source_id, "upto": upto})
        return {**found, "after": str(upto)}
    vanished = await session.scalar(_COUNT_VANISHED, {"job": looking.job_id})
    samples = await session.execute(_SAMPLE_VANISHED, {"job": looking.job_id, "size": SAMPLES})
    shown: list[JsonValue] = [
        {"product_id": str(product_id), "external_id": external_id, "title": title}
        for product_id, external_id, title in samples
    ]
    return {
        **found,
        "phase": "prices",
        "after": "0",
        "vanished": int(vanished or 0),
        "vanished_samples": shown,
        "withdrawn": await withdraw.count(session, looking.job_id),
        "withdrawn_samples": [dict(one) for one in await withdraw.sample(session, looking.job_id, SAMPLES)],
    }


async def _compare_prices(session: AsyncSession, looking: Looking, found: Findings) -> Findings:
    step = {"job": looking.job_id, "after": int(found["after"]), "size": STEP}
    upto, size = (await session.execute(_NEXT_STAGED, step)).one()
    if not size:
        return {**found, "phase": "done"}
    values = {
        "job": looking.job_id,
        "source": looking.source_id,
        "own_file": looking.own_file,
        "after": int(found["after"]),
        "upto": upto,
        "far": Decimal(str(looking.limits.price_move)),
        "size": SAMPLES,
    }
    compared, moved, samples = (await session.execute(_COUNT_MOVES, values)).one()
    farthest = sorted([*found["price_samples"], *samples], key=lambda sample: -float(sample["move"]))
    return {
        **found,
        "after": str(upto),
        "compared": found["compared"] + compared,
        "moved": found["moved"] + moved,
        "price_samples": farthest[:SAMPLES],
    }


def question(found: Findings, limits: Limits) -> JsonObject | None:
    """What a person must be asked, with numbers and samples; None where the source allows what was found."""
    gone = found["vanished"] / max(1, found["known"])
    withdrawn = found["withdrawn"] / max(1, found["offered"])
    moved = found["moved"] / max(1, found["compared"])
    reasons: list[JsonValue] = []
    words: list[str] = []
    if found["vanished"] >= limits.least and gone > limits.shrink_share:
        reasons.append("source_shrinks")
        words.append(
            f"{found['vanished']:,} of {found['known']:,} products of this source would be archived"
            f" ({gone:.0%}; {limits.shrink_share:.0%} go without asking)"
        )
    if found["withdrawn"] >= limits.least and withdrawn > limits.shrink_share:
        reasons.append("variants_vanish")
        words.append(
            f"{found['withdrawn']:,} of {found['offered']:,} variants of this source would be without stock"
            f" ({withdrawn:.0%}; {limits.shrink_share:.0%} go without asking)"
        )
    if found["moved"] >= limits.least and moved > limits.price_share:
        reasons.append("prices_move")
        words.append(
            f"{found['moved']:,} of {found['compared']:,} prices would move by more than {limits.price_move:.0%}"
            f" ({moved:.0%}; {limits.price_share:.0%} go without asking)"
        )
    if not reasons:
        return None
    return {
        "reasons": reasons,
        "message": f"{'; '.join(words)}. Nothing is written yet: confirm or discard.",
        "known": found["known"],
        "vanished": found["vanished"],
        "vanished_share": round(gone, 4),
        "vanished_samples": found["vanished_samples"],
        "variants_known": found["offered"],
        "variants_vanished": found["withdrawn"],
        "variants_vanished_share": round(withdrawn, 4),
        "variants_vanished_samples": found["withdrawn_samples"],
        "prices_compared": found["compared"],
        "prices_moved": found["moved"],
        "moved_share": round(moved, 4),
        "price_samples": found["price_samples"],
        "limits": limits.to_json(),
    }
