"""The broker as the pulse sees it: publish messages, and tell whether it still holds those published before.

Blocking calls with bounded timeouts, which the pulse makes in a thread. Nothing here knows how a broker stores queues.
"""

from collections.abc import Iterable
from uuid import UUID

from celery import Celery
from kombu.exceptions import OperationalError
from kombu.messaging import Producer
from redis import Redis
from redis.exceptions import RedisError

from app.core.config import Settings
from app.core.ids import new_id
from app.queue.delivery import Delivery

EPOCH = "broker-epoch"
TIMEOUT = 2.0

AWAY = (OperationalError, RedisError, OSError, TimeoutError)


class Broker:
    """One connection to publish on, and the epoch: a key that lives and dies with the broker's memory."""

    def __init__(self, celery: Celery, settings: Settings) -> None:
        self._celery = celery
        self._epoch_key = settings.redis_key_prefix + EPOCH
        self._redis = Redis.from_url(
            settings.redis_url, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT, decode_responses=True
        )

    def epoch(self) -> str:
        """The name of the broker's present memory; a new one after it was flushed or lost."""
        self._redis.set(self._epoch_key, new_id().hex, nx=True)
        return str(self._redis.get(self._epoch_key))

    def publish(self, messages: Iterable[tuple[str, Delivery]]) -> list[UUID]:
        """Send (queue, delivery) pairs in order; answers the outbox ids of those that the broker has taken.

        Stops at the first that it does not take, and raises only when that is the very first.
        """
        sent: list[UUID] = []
        with self._celery.producer_pool.acquire(block=True, timeout=TIMEOUT) as producer:
            for queue, delivery in messages:
                try:
                    self._send(producer, queue, delivery)
                except AWAY:
                    if not sent:
                        raise
                    break
                sent.append(delivery.outbox_id)
        return sent

    def _send(self, producer: Producer, queue: str, delivery: Delivery) -> None:
        # Celery's own send_task looks up the queue's bindings in the broker for each message: twice the round trips,
        # and a broker that was flushed has none. The default exchange needs none.
        message = self._celery.amqp.as_task_v2(
            str(delivery.outbox_id), delivery.task, kwargs=delivery.to_ids(), ignore_result=True
        )
        options = {"exchange": "", "routing_key": queue, "headers": message.headers, "serializer": "json"}
        producer.publish(message.body, **options, **message.properties)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        self._celery.pool.force_close_all()
        self._redis.close()
