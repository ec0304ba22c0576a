"""The same template on a laptop: engine, deployment, people, supervisor."""
