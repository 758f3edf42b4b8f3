// The kernel ABI that BPFKernel speaks. The distribution's linux/bpf.h is too old to rely on, so
// the commands are described here, from the layouts that the kernel's own BTF reports.
#pragma once
#include "attributes.h"
#include "events.h"
#include "info.h"
#include "netlink.h"
#include "system.h"
