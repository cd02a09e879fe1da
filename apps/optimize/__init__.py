"""`shopbot optimize`: make engines smaller and fitter."""
