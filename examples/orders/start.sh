#!/bin/sh
# Create the table of the environment dev, and serve the page, until Ctrl-C.
set -eu
cd "$(dirname "$0")"
eval "$(cgw local env)" # create_table.py then calls the local AWS
python create_table.py orders-dev
cgw --env dev outputs -o json >page/outputs.json
echo "Open http://localhost:8000/ and sign in as ada@example.com, password Correct-horse-7"
exec python -m http.server 8000 --bind 127.0.0.1 --directory page
