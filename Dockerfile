# syntax=docker/dockerfile:1
# One image for every process: the API by default, pulse, worker, flower and migrations by command.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install --requirement requirements.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ENVIRONMENT=production
WORKDIR /srv/crossdock
# A number, so that orchestrators which forbid root can see that this is not root.
RUN groupadd --gid 10001 crossdock \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /srv/crossdock crossdock \
    && install --directory --owner 10001 --group 10001 .data
COPY --from=build /opt/venv /opt/venv
COPY main.py alembic.ini ./
COPY alembic alembic
COPY app app
USER 10001:10001
EXPOSE 8000
# For the API; docker-compose.yml gives the other processes a check of their own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=2)"]
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "5"]
