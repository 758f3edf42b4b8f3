// Placeholder for the planner.
