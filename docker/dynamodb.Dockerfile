# DynamoDB Local from Maven: the version that the tests use (.ci/dynamodb-local.xml).
ARG MAVEN_IMAGE=maven:3-eclipse-temurin-21
ARG JAVA_IMAGE=eclipse-temurin:21-jre

FROM ${MAVEN_IMAGE} AS build
ARG MAVEN_ARGS
WORKDIR /build
COPY .ci/dynamodb-local.xml pom.xml
RUN mvn --batch-mode --quiet dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/out

FROM ${JAVA_IMAGE}
COPY --from=build /out /opt/dynamodb
RUN install -d -o 10001 -g 10001 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"]
ENTRYPOINT ["java", "-Xmx512m", "-Djava.library.path=/opt/dynamodb", "-cp", "/opt/dynamodb/*", \
    "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-disableTelemetry"]
CMD ["-sharedDb", "-dbPath", "/data"]
