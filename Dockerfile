# ShopBot in a container: no compiler, no root, nothing written but /data and /tmp.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/shopbot \
    && /opt/shopbot/bin/pip install --no-cache-dir -r requirements.lock \
    && /opt/shopbot/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data shopbot \
    && install --directory --owner shopbot --group shopbot /data
COPY --from=build /opt/shopbot /opt/shopbot
ENV PATH=/opt/shopbot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SHOPBOT_DATA=/data
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=2)"]
ENTRYPOINT ["shopbot"]
CMD ["serve", "--host", "0.0.0.0"]
