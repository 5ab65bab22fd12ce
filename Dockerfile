# The first stage puts together in /image, as a tree, all that the last one adds to the
# base. Wheels are made of exactly what requirements/*.txt pin; one without a wheel for
# this platform fails here instead of asking for a compiler. Only pyinotify has none, and
# needs none.
FROM python:3.13-slim AS build
WORKDIR /build
# For a build that reaches PyPI through a mirror only; whatever it hands out is held
# against the hashes.
ARG PIP_INDEX_URL=
ENV PATH=/tools/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/ requirements/
RUN python -m venv /tools \
    && pip install --require-hashes -r requirements/build.txt \
    && pip wheel --require-hashes --no-build-isolation \
        --only-binary=:all: --no-binary=pyinotify \
        --wheel-dir /wheels -r requirements/run.txt
COPY README.md pyproject.toml setup.cfg ./
COPY src/ src/
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/liveconfig \
    && pip --python /opt/liveconfig install --no-index --no-deps --no-compile /wheels/*.whl
COPY conf/ conf/
# What is served without a mount is put where a pod mounts its ConfigMap.
RUN mkdir -p /image/app/conf /image/etc/config /image/opt \
    && cp conf/gunicorn.conf.py /image/app/conf/ \
    && cp conf/config.yaml /image/etc/config/ \
    && /opt/liveconfig/bin/python conf/bytecode.py /image \
    && mv /opt/liveconfig /image/opt/

FROM python:3.13-slim
COPY --from=build /image/ /
# With the schema `liveconfig check` and `digest` judge as the service does.
ENV PATH=/opt/liveconfig/bin:$PATH \
    HOST=0.0.0.0 \
    LIVECONFIG_PATH=/etc/config/config.yaml \
    LIVECONFIG_SCHEMA=liveconfig.reference.config:ServiceConfig
WORKDIR /app
# A number, and not a name: only that lets a kubelet see that it is not root.
USER 10001:10001
EXPOSE 8080 9090
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="liveconfig" \
    org.opencontainers.image.description="One config, every gunicorn worker, live." \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.created="$CREATED"
# gunicorn itself, and no shell or init before it: it is sent the signals of the pod, and
# reaps whatever process is left to it.
CMD ["gunicorn", "-c", "conf/gunicorn.conf.py"]
