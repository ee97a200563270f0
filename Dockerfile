# The image of everything that is Argus: web servers and notification workers are the same image with another command.
# Build: docker build -t argus-server .     All variables: docs/reference/settings.md

FROM python:3.13-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/argus
ENV PATH=/opt/argus/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
# What changes seldom comes first: a change of our own code does not fetch everything anew.
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
# Only what is kept by the development settings: in production nothing is written to the file system.
COPY --from=build --chown=argus /opt/argus/var /opt/argus/var
ENV PATH=/opt/argus/bin:$PATH PYTHONUNBUFFERED=1
ENV DJANGO_SETTINGS_MODULE=argus.site.settings.prod STATIC_ROOT=/opt/argus/static ARGUS_VAR_DIR=/opt/argus/var
USER 10001
WORKDIR /opt/argus
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', 8000)}/healthz\", timeout=4)"]
CMD ["argus", "serve", "--host", "0.0.0.0", "--no-worker"]
