# One apt cache for all hosts of the lab and of the tests: each package crosses the network once.
ARG BASE
FROM ${BASE}
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update -q && apt-get install -q -y --no-install-recommends apt-cacher-ng && apt-get clean
# A configuration of its own: the package's remaps requests to mirrors which a closed network may not resolve.
RUN mkdir /etc/lab-apt-cache && printf '%s\n' \
      'CacheDir: /var/cache/apt-cacher-ng' 'LogDir: /var/log/apt-cacher-ng' 'SupportDir: /usr/lib/apt-cacher-ng' \
      'Port: 3142' 'ForeGround: 1' 'VerboseLog: 0' >/etc/lab-apt-cache/acng.conf
EXPOSE 3142
CMD ["/usr/sbin/apt-cacher-ng", "-c", "/etc/lab-apt-cache"]
