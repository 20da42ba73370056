"""Where a gate's score may stand: one file a form of report, behind one interface (`form`)."""
