# java: what the scripts of brokers that run on Java share; sourced after common.sh. Their jars come from Maven once, by the
# version that $BROKER.d/pom.xml pins in <$BROKER.version>, and are kept in the user's cache. HERE is the folder of the scripts.

# A test that needs the broker is skipped with the reason.
unavailable() {
    say "$*"
    exit 3
}

# Prints the folder with the jars.
jars_folder() {
    local version
    command -v java >/dev/null || unavailable "java is not installed (package openjdk-17-jre-headless)"
    version="$(sed -nE "s|.*<$BROKER.version>(.*)</$BROKER.version>.*|\1|p" "$HERE/$BROKER.d/pom.xml")"
    "$HERE/../jars" "$HERE/$BROKER.d/pom.xml" "$BROKER-$version"
}

# The certificates of make_certificates, and the server's once more as server.p12, which Java reads; its password is "secret".
make_keystore() { # FOLDER
    make_certificates "$1"
    openssl pkcs12 -export -passout pass:secret -in "$1/server.pem" -inkey "$1/server.key" -out "$1/server.p12"
}

# brokers_main with one more verb: `fetch` only gets the jars.
java_brokers_main() {
    if [[ "${1:-}" == fetch ]]; then
        jars_folder
        exit 0
    fi
    brokers_main "$@"
}
