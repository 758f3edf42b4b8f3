// Sections of traffic control with links.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 0; }
P(in, "tcx/ingress") P(out, "tcx/egress") P(old_in, "tc/ingress") P(old_out, "tc/egress")
