"""Pictures of flows and of runs, as HTML and as SVG, without scripts and without other packages."""
