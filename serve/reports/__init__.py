"""Reports: the weekly report as XLSX, PDF, HTML and CSV, the supervision list, the seasonal calendar."""
