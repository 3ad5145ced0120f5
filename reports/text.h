/* SPDX-License-Identifier: MIT */
/* The view for people at a terminal. */
#ifndef SIGSWEEP_REPORTS_TEXT_H
#define SIGSWEEP_REPORTS_TEXT_H

#include "reports/view.h"

extern const struct view text_view;

#endif
