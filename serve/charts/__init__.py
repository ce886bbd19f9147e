"""Charts drawn on the server as inline SVG: no JavaScript, no CDN, colours from the page's own style sheet."""
