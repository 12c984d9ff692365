"""All settings of the product, from the environment or a .env file. Every variable stands in .env.example (a test
compares).

Names that existing installations use are accepted as aliases; the first name listed is ours.
"""

from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIN_SECRET_BYTES = 32


class SettingsIncomplete(ValueError):
    """Production lacks settings; the message names each."""


def _comma_list(value: object) -> object:
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            text = text.strip("[]").replace('"', "").replace("'", "")
        return [part.strip() for part in text.split(",") if part.strip()]
    return value


CommaList = Annotated[list[str], NoDecode, BeforeValidator(_comma_list)]


def _aliases(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """Settings of the application itself. Vendors bring their own classes in their folders."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", populate_by_name=True, case_sensitive=False, env_ignore_empty=True
    )

    # --- the installation
    project_name: str = "Crossdock"
    environment: Literal["development", "test", "production"] = "development"
    debug: bool = False
    log_level: str = "INFO"
    log_format: Literal["auto", "console", "json"] = "auto"
    public_url: str = "http://127.0.0.1:8000"
    data_dir: str = ".data"

    # --- database: app, system and owner roles; with only one URL the pools SET ROLE on connect
    database_url: str = ""
    database_system_url: str = ""
    database_owner_url: str = ""
    database_role_app: str = "crossdock_app"
    database_role_system: str = "crossdock_system"
    database_pool_size: int = Field(default=10, ge=1)
    database_pre_ping: bool = False
    database_pool_timeout: float = 5.0
    database_statement_timeout_ms: int = 30_000

    # --- redis
    redis_url: str = ""
    redis_key_prefix: str = "crossdock:"
    redis_timeout: float = 0.05

    # --- tokens and passwords
    secret_key: SecretStr = Field(default=SecretStr(""), validation_alias=_aliases("secret_key", "jwt_secret_key"))
    secret_key_previous: SecretStr = Field(
        default=SecretStr(""), validation_alias=_aliases("secret_key_previous", "jwt_secret_key_previous")
    )
    # What seals the credentials of connections; without it SECRET_KEY does, except in production.
    credentials_key: SecretStr = SecretStr("")
    credentials_key_previous: SecretStr = SecretStr("")
    algorithm: Literal["HS256"] = "HS256"
    access_token_expire_minutes: int = Field(default=15, ge=1)
    refresh_token_expire_days: int = Field(default=30, ge=1)
    refresh_reuse_grace_seconds: int = 10
    supabase_jwt_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias=_aliases("supabase_jwt_secret", "jwt_secret")
    )
    supabase_url: str = ""
    admin_email: str = ""

    # --- HTTP
    allowed_hosts: CommaList = ["*"]
    cors_origins: CommaList = Field(default=[], validation_alias=_aliases("cors_origins", "backend_cors_origins"))
    body_max_bytes: int = 2 * 1024 * 1024
    upload_max_bytes: int = 1024 * 1024 * 1024
    rate_limit_per_minute: int = 600
    register_limit_per_10_minutes: int = 60
    login_failures_per_10_minutes: int = 10
    metrics_token: SecretStr = SecretStr("")
    trusted_proxies: CommaList = []

    # --- tenants
    default_currency: str = "EUR"
    default_locale: str = "en"
    default_timezone: str = "UTC"

    # --- storage of uploaded files
    storage_backend: Literal["local", "s3"] = "local"
    storage_local_dir: str = ""
    s3_endpoint_url: str = ""
    s3_bucket: str = ""
    s3_region: str = "auto"
    s3_access_key_id: str = ""
    s3_secret_access_key: SecretStr = SecretStr("")

    # --- jobs: every time of the engine, in seconds
    job_heartbeat_seconds: float = 10.0
    job_cancel_poll_seconds: float = 2.0
    job_stale_seconds: float = 30.0
    job_sweep_seconds: float = 15.0
    job_resend_seconds: float = 600.0
    job_max_attempts: int = 3
    job_retry_seconds: float = 5.0
    job_progress_seconds: float = 0.5
    job_retention_days: int = 90
    outbox_poll_seconds: float = 0.5
    outbox_batch: int = 500
    schedule_tick_seconds: float = 1.0
    schedule_jitter_seconds: int = Field(default=120, ge=0, le=3600)
    sse_poll_seconds: float = 1.0
    sse_comment_seconds: float = 15.0
    ticket_seconds: int = 60
    worker_soft_shutdown_seconds: float = 20.0
    worker_task_time_limit: int = 6 * 3600
    broker_visibility_seconds: int = 12 * 3600
    worker_max_tasks_per_child: int = 10_000
    worker_max_memory_mb: int = 400
    fault_at: str = ""

    # --- imports
    import_page_rows: int = 1000
    import_unpacked_max_bytes: int = Field(default=2 * 1024**3, ge=1)
    import_unpacked_max_ratio: int = Field(default=200, ge=1)
    import_archive_max_entries: int = Field(default=1000, ge=1)
    import_shrink_share: float = Field(default=0.25, ge=0, le=1)
    import_price_move: float = Field(default=0.5, ge=0)
    import_price_share: float = Field(default=0.25, ge=0, le=1)
    import_guard_least: int = Field(default=3, ge=1)

    # --- calls to vendors and feeds: seconds to connect, between two parts of an answer, and for all of a call; tries
    outbound_connect_seconds: float = Field(default=5.0, gt=0)
    outbound_read_seconds: float = Field(default=30.0, gt=0)
    outbound_total_seconds: float = Field(default=60.0, gt=0)
    outbound_tries: int = Field(default=3, ge=1, le=10)

    # --- the default external product API
    external_api_provider: str = "dummyjson"
    external_api_url: str = ""
    external_api_key: SecretStr = SecretStr("")
    external_api_interval_minutes: int = Field(default=30, ge=1)

    # --- AliExpress: the operator's application, which sellers give their consent to
    aliexpress_app_key: str = ""
    aliexpress_app_secret: SecretStr = SecretStr("")

    # --- the sandbox (not in production)
    sandbox_url: str = "http://127.0.0.1:8900"
    sandbox_token: SecretStr = SecretStr("")
    sandbox_products: int = Field(default=500, ge=0, le=100_000)
    # Other goods than those that the demo and `seed` upload.
    sandbox_seed: int = Field(default=7, ge=0)

    @field_validator("database_url", "database_system_url", "database_owner_url")
    @classmethod
    def _use_asyncpg(cls, url: str) -> str:
        for prefix in ("postgres://", "postgresql://", "postgresql+psycopg2://", "postgresql+psycopg://"):
            if url.startswith(prefix):
                return "postgresql+asyncpg://" + url.removeprefix(prefix)
        return url

    @field_validator("log_level")
    @classmethod
    def _upper(cls, level: str) -> str:
        return level.upper()

    @field_validator(
        "secret_key", "secret_key_previous", "supabase_jwt_secret", "credentials_key", "credentials_key_previous"
    )
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if text and len(text.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"must be at least {MIN_SECRET_BYTES} bytes long; make one with `openssl rand -hex 32`")
        return secret

    @model_validator(mode="after")
    def _complete_in_production(self) -> Self:
        if self.environment != "production":
            return self
        needed = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": self.secret_key.get_secret_value(),
            "CREDENTIALS_KEY": self.credentials_key.get_secret_value(),
        }
        if self.storage_backend == "s3":
            needed |= {"S3_BUCKET": self.s3_bucket}
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise SettingsIncomplete(
                f"ENVIRONMENT=production needs {', '.join(missing)}; set them in the environment or in .env"
            )
        return self

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def storage_dir(self) -> str:
        return self.storage_local_dir or f"{self.data_dir}/files"


@lru_cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
