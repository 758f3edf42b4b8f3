// The system's libyaml (libyaml-dev; pkg-config yaml-0.1).
#pragma once
#include <yaml.h>
