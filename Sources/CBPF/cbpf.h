// The kernel ABI that BPFKernel speaks. The distribution's linux/bpf.h is too old to rely on, so
// the commands are described here.
#pragma once
#include <stdint.h>
