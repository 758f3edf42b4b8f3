// Sections of packets' ways.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 0; }
P(filter, "socket") P(classic, "tc") P(older, "classifier") P(act, "action")
P(xdp_plain, "xdp") P(xdp_frags, "xdp.frags") P(device, "xdp/devmap") P(cpu, "xdp/cpumap")
P(device_frags, "xdp.frags/devmap") P(cpu_frags, "xdp.frags/cpumap")
P(in, "lwt_in") P(out, "lwt_out") P(xmit, "lwt_xmit") P(seg6, "lwt_seg6local")
P(dissect, "flow_dissector")
