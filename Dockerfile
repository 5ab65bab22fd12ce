# Wheels of exactly what requirements/*.txt pin; one without a wheel for this platform
# fails here instead of asking for a compiler. Only pyinotify has none, and needs none.
FROM python:3.13-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/ requirements/
RUN pip install --require-hashes -r requirements/build.txt \
    && pip wheel --require-hashes --no-build-isolation \
        --only-binary=:all: --no-binary=pyinotify \
        --wheel-dir /wheels -r requirements/run.txt
COPY README.md pyproject.toml setup.cfg ./
COPY src/ src/
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/liveconfig \
    && pip --python /opt/liveconfig install --no-index --no-deps --compile /wheels/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="liveconfig" \
    org.opencontainers.image.description="One config, every gunicorn worker, live." \
    org.opencontainers.image.version="0.1.0"
COPY --from=build /opt/liveconfig /opt/liveconfig
ENV PATH=/opt/liveconfig/bin:$PATH
# Bytecode of the standard library, which the base image lacks: the root file system of
# a pod is read-only, so it could never be kept there.
RUN ["python", "-c", "import gunicorn.app.wsgiapp, gunicorn.workers.sync, liveconfig.cli, liveconfig.publisher_process, liveconfig.service.wsgi"]
WORKDIR /app
COPY conf/gunicorn.conf.py conf/
# What is served without a mount; a ConfigMap mounted at /etc/config takes its place.
COPY conf/config.yaml /etc/config/config.yaml
ENV HOST=0.0.0.0 LIVECONFIG_PATH=/etc/config/config.yaml
USER 10001:10001
EXPOSE 8080 9090
CMD ["gunicorn", "-c", "conf/gunicorn.conf.py"]
