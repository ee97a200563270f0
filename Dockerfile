# One image for web servers and notification workers, which run different commands.
# Build: docker build -t argus-server .     All variables: docs/reference/settings.md

FROM python:3.13-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/argus
ENV PATH=/opt/argus/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
# First what rarely changes, so that the build cache keeps the dependencies.
COPY requirements/prod.txt requirements/prod.txt
RUN pip install --no-cache-dir -r requirements/prod.txt
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir --no-deps .
RUN DJANGO_SETTINGS_MODULE=argus.site.settings.static STATIC_ROOT=/opt/argus/static django-admin collectstatic --no-input --verbosity 0
RUN mkdir /opt/argus/var && pip uninstall --yes pip

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /opt/argus --shell /usr/sbin/nologin argus
COPY --from=build /opt/argus /opt/argus
# For the development settings. In production, Argus writes nothing to the file system.
COPY --from=build --chown=argus /opt/argus/var /opt/argus/var
ENV PATH=/opt/argus/bin:$PATH PYTHONUNBUFFERED=1 PORT=8000
ENV DJANGO_SETTINGS_MODULE=argus.site.settings.prod STATIC_ROOT=/opt/argus/static ARGUS_VAR_DIR=/opt/argus/var
USER 10001
WORKDIR /opt/argus
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
# gunicorn listens on 0.0.0.0:$PORT.
CMD ["gunicorn", "--config", "python:argus.site.gunicorn_config"]
