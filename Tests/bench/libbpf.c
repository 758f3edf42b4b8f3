// SPDX-License-Identifier: Apache-2.0
//
// libbpf FILE.o TIMES: what loader/main.swift does, by libbpf: opens the object, loads all of it, and
// drops it, so many times. Prints user time for each in microseconds and the peak of resident memory
// in KiB.
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static long microseconds(struct timeval time) { return time.tv_sec * 1000000 + time.tv_usec; }

int main(int count, char **arguments) {
  long times = count == 3 ? atol(arguments[2]) : 0;
  struct rusage before, after;

  if (times <= 0) {
    fprintf(stderr, "usage: libbpf FILE.o TIMES\n");
    return 64;
  }
  getrusage(RUSAGE_SELF, &before);
  for (long i = 0; i < times; i++) {
    struct bpf_object *object = bpf_object__open_file(arguments[1], NULL);

    if (!object || bpf_object__load(object)) {
      fprintf(stderr, "libbpf: cannot load %s\n", arguments[1]);
      return 1;
    }
    bpf_object__close(object);
  }
  getrusage(RUSAGE_SELF, &after);
  printf("%ld %ld\n", (microseconds(after.ru_utime) - microseconds(before.ru_utime)) / times,
         after.ru_maxrss);
  return 0;
}
