"""Changes of checklists on disk: markers, notes, generated blocks, mirrors; and whether they
survive."""
