"""Checklists: markdown files whose items, plan, claims, requirements and mirrors are watched."""
